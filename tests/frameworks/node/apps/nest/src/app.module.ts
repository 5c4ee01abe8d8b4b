import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AppController } from './app.controller.js';
import { BooksModule } from './books/books.module.js';
import { VisitorMiddleware } from './common/visitor.middleware.js';
import { EventsGateway } from './live/events.gateway.js';
import { StreamsController } from './streams/streams.controller.js';
import { PartsController } from './uploads/parts.controller.js';
import { UploadsController } from './uploads/uploads.controller.js';

@Module({})
export class AppModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  static on(adapter: 'express' | 'fastify'): DynamicModule {
    return {
      module: AppModule,
      imports: [BooksModule.withShelf(async () => [{ id: 1, title: 'Emma', pages: 474 }])],
      controllers: [AppController, StreamsController, adapter === 'express' ? UploadsController : PartsController],
      providers: [EventsGateway],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(VisitorMiddleware).forRoutes(AppController);
  }

  onModuleInit(): void {
    console.log('the library opens');
  }

  onApplicationShutdown(signal?: string): void {
    console.log(`the library closes: ${signal}`);
  }
}
