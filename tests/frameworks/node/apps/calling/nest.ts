// A Nest application, on Express or Fastify (ADAPTER), whose controllers await functions of Python.

import { Controller, Get, Injectable, Module, Param, ParseIntPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { services } from 'diglot';
import { picture, told } from './pictures.mjs';

@Injectable()
class Pondering {
  async ponder(name: string): Promise<void> {
    await services.app.ponder({ name });
  }
}

@Controller()
class PicturesController {
  constructor(private readonly pondering: Pondering) {}

  @Get('pictures/:rows/:columns')
  async turned(@Param('rows', ParseIntPipe) rows: number, @Param('columns', ParseIntPipe) columns: number): Promise<object> {
    return told(await services.app.turned({ picture: picture(rows, columns) }));
  }

  @Get('ponder/:name')
  ponder(@Param('name') name: string): Promise<void> {
    return this.pondering.ponder(name);
  }
}

@Module({ controllers: [PicturesController], providers: [Pondering] })
class AppModule {}

const adapter = process.env.ADAPTER === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000);
