import { Body, Controller, DefaultValuePipe, Delete, Get, HttpCode, Param, ParseEnumPipe, ParseIntPipe, Post, Query, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { Roles, RolesGuard } from '../common/roles.guard.js';
import { WrapInterceptor } from '../common/wrap.interceptor.js';
import { BookDto } from './book.dto.js';
import { type Book, BooksService } from './books.service.js';
import { RequestsService } from './requests.service.js';

enum Order {
  Up = 'up',
  Down = 'down',
}

@ApiTags('books')
@ApiBearerAuth()
@Controller('books')
@UseGuards(RolesGuard)
@UseInterceptors(WrapInterceptor)
export class BooksController {
  constructor(
    private readonly books: BooksService,
    private readonly requests: RequestsService,
  ) {}

  @Get()
  all(@Query('from', new DefaultValuePipe(0), ParseIntPipe) from: number, @Query('order', new ParseEnumPipe(Order, { optional: true })) order?: Order): object {
    return { books: this.books.all().slice(from), order, url: this.requests.url() };
  }

  @Get('slow')
  slow(): Promise<never> {
    return new Promise(() => {});
  }

  @Get(':id')
  one(@Param('id', ParseIntPipe) id: number): Book {
    return this.books.one(id);
  }

  @Post()
  @Roles('librarian')
  make(@Body() book: BookDto): object {
    return { book, kind: book.constructor.name, printed: book.printed instanceof Date };
  }

  @Delete(':id')
  @Roles('librarian')
  @HttpCode(204)
  remove(@Param('id', ParseIntPipe) id: number): void {
    this.books.one(id);
  }
}
