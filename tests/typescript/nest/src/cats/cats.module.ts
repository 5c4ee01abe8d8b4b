import { Module } from '@nestjs/common';
import { CatsController } from './cats.controller';
import { CatsService } from './cats.service';
import { OwnersService } from './owners.service';

@Module({ controllers: [CatsController], providers: [CatsService, OwnersService] })
export class CatsModule {}
