import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, IsDate, IsInt, IsOptional, IsString, Length, Min, ValidateNested } from 'class-validator';

export class Author {
  @ApiProperty()
  @IsString()
  name: string;
}

export class BookDto {
  @ApiProperty({ minLength: 1, maxLength: 50 })
  @Length(1, 50)
  @Transform(({ value }) => String(value).trim())
  title: string;

  @ApiProperty({ minimum: 1 })
  @IsInt()
  @Min(1)
  pages: number;

  @ApiPropertyOptional({ type: [Author] })
  @IsOptional()
  @ArrayMaxSize(2)
  @ValidateNested({ each: true })
  @Type(() => Author)
  authors?: Author[];

  @ApiPropertyOptional()
  @IsOptional()
  @IsDate()
  @Type(() => Date)
  printed?: Date;
}
