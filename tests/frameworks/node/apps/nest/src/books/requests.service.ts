import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';

/** One for each request. */
@Injectable({ scope: Scope.REQUEST })
export class RequestsService {
  constructor(@Inject(REQUEST) private readonly request: { url: string }) {}

  url(): string {
    return this.request.url;
  }
}
