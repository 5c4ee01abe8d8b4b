import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Who the middleware says is asking. On Fastify, middleware has Node's request. */
export const Visitor = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const request = context.switchToHttp().getRequest();
  return request.visitor ?? request.raw.visitor;
});
