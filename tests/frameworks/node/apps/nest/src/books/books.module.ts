import { type DynamicModule, Module } from '@nestjs/common';
import { BooksController } from './books.controller.js';
import { type Book, BooksService, SHELF } from './books.service.js';
import { RequestsService } from './requests.service.js';

@Module({})
export class BooksModule {
  static withShelf(useFactory: () => Promise<Book[]>): DynamicModule {
    return { module: BooksModule, controllers: [BooksController], providers: [BooksService, RequestsService, { provide: SHELF, useFactory }] };
  }
}
