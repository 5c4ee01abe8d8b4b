import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';

@Injectable()
export class VisitorMiddleware implements NestMiddleware {
  use(request: IncomingMessage & { visitor?: string }, response: ServerResponse, next: () => void): void {
    request.visitor = String(request.headers['x-visitor'] ?? 'nobody');
    response.setHeader('X-Visitor', request.visitor);
    next();
  }
}
