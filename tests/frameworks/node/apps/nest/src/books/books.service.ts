import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import type { BookDto } from './book.dto.js';

export interface Book extends BookDto {
  id: number;
}

export const SHELF = Symbol('shelf');

@Injectable()
export class BooksService {
  constructor(@Inject(SHELF) private readonly shelf: Book[]) {}

  all(): Book[] {
    return this.shelf;
  }

  one(id: number): Book {
    const book = this.shelf.find((one) => one.id === id);
    if (!book) throw new NotFoundException(`there is no book ${id}`);
    return book;
  }
}
