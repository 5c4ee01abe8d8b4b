import { forwardRef, Inject, Injectable } from '@nestjs/common';
import { OwnersService } from './owners.service';

export enum Colour {
  Black = 'black',
  White = 'white',
}

/** It and its owner's service need each other. */
@Injectable()
export class CatsService {
  constructor(@Inject(forwardRef(() => OwnersService)) private readonly owners: OwnersService) {}

  find(id: number) {
    return { id, colour: Colour.Black, owner: this.owners.nameOf(id) };
  }

  count(): number {
    return 9;
  }
}
