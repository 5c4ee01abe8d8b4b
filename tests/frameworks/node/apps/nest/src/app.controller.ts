import { All, Body, Controller, Get, GoneException, Header, Headers, HttpCode, Ip, Param, Post, Query, Redirect, Req, type RawBodyRequest, Version } from '@nestjs/common';
import { Visitor } from './common/visitor.decorator.js';

@Controller()
export class AppController {
  @Get()
  hello(@Visitor() visitor: string): string {
    return `Hello ${visitor}!`;
  }

  @Get('pid')
  pid(): number {
    return process.pid;
  }

  @Get('request/:id')
  request(@Param('id') id: string, @Query() query: object, @Headers('x-many') many: string, @Ip() ip: string, @Req() request: { originalUrl: string; method: string }): object {
    return { id, query, many, ip, originalUrl: request.originalUrl, method: request.method };
  }

  @Get('teapot')
  @HttpCode(418)
  @Header('X-Short', 'stout')
  teapot(): object {
    return { short: 'and stout' };
  }

  @Get('moved')
  @Redirect('/books', 301)
  moved(@Query('to') to?: string): object | undefined {
    return to ? { url: to, statusCode: 307 } : undefined;
  }

  @Get('versioned')
  @Version('1')
  first(): string {
    return 'the first';
  }

  @Get('versioned')
  @Version('2')
  second(): string {
    return 'the second';
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return { body };
  }

  @Post('raw')
  raw(@Req() request: RawBodyRequest<object>): object {
    return { bytes: request.rawBody?.length ?? null };
  }

  @Get('gone')
  gone(): never {
    throw new GoneException('read long ago');
  }

  @Get('throws')
  throws(): never {
    throw new Error('thrown in a controller');
  }

  @All('any')
  any(@Req() request: { method: string }): string {
    return request.method;
  }
}
