import { Body, Controller, Get, Param, ParseIntPipe, Post } from '@nestjs/common';
import type { CreateCat } from './create-cat';
import { CatsService } from './cats.service';

@Controller('cats')
export class CatsController {
  constructor(private readonly cats: CatsService) {}

  @Get(':id')
  find(@Param('id', ParseIntPipe) id: number) {
    return this.cats.find(id);
  }

  @Post()
  create(@Body() cat: CreateCat): { created: string } {
    return { created: cat.name };
  }
}
