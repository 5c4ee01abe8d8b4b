// A library on NestJS, with Express or Fastify below it (ADAPTER).

import multipart from '@fastify/multipart';
import { ValidationPipe, VersioningType, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './common/problem.filter.js';

async function create(): Promise<INestApplication> {
  const options = { logger: ['error', 'warn'] as ('error' | 'warn')[], rawBody: true };
  if (process.env.ADAPTER !== 'fastify') return NestFactory.create(AppModule.on('express'), new ExpressAdapter(), options);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.on('fastify'), new FastifyAdapter(), options);
  await app.register(multipart);
  return app;
}

const app = await create();
app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
app.useGlobalFilters(new ProblemFilter());
app.enableVersioning({ type: VersioningType.URI });
app.enableCors({ origin: 'https://shop.example' });
app.enableShutdownHooks();
app.useWebSocketAdapter(process.env.SOCKETS === 'io' ? new IoAdapter(app) : new WsAdapter(app));
SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('Library').setVersion('1.0').addBearerAuth().build()));
await app.listen(process.env.PORT ?? 3000, process.env.HOST ?? 'localhost');
console.log(`listening on ${await app.getUrl()}`);
