import type { MultipartFile } from '@fastify/multipart';
import { Controller, Post, Req } from '@nestjs/common';

/** On Fastify: its own parts. */
@Controller('uploads')
export class PartsController {
  @Post('one')
  async one(@Req() request: { file(options: object): Promise<MultipartFile> }): Promise<object> {
    const part = await request.file({ limits: { fileSize: 100_000 } });
    const bytes = await part.toBuffer();
    return { originalname: part.filename, mimetype: part.mimetype, size: bytes.length };
  }
}
