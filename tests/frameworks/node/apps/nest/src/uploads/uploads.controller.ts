import { Body, Controller, FileTypeValidator, MaxFileSizeValidator, ParseFilePipe, Post, UploadedFile, UploadedFiles, UseInterceptors } from '@nestjs/common';
import { FileInterceptor, FilesInterceptor } from '@nestjs/platform-express';
import { ApiConsumes } from '@nestjs/swagger';

const described = ({ originalname, mimetype, size }: Express.Multer.File) => ({ originalname, mimetype, size });

/** On Express: multer. */
@Controller('uploads')
export class UploadsController {
  @Post('one')
  @ApiConsumes('multipart/form-data')
  @UseInterceptors(FileInterceptor('file', { limits: { fileSize: 100_000 } }))
  one(@UploadedFile() file: Express.Multer.File, @Body() fields: Record<string, string>): object {
    return { ...described(file), fields: { ...fields } };
  }

  @Post('many')
  @UseInterceptors(FilesInterceptor('files', 2))
  many(@UploadedFiles() files: Express.Multer.File[]): object {
    return files.map(described);
  }

  @Post('checked')
  @UseInterceptors(FileInterceptor('file'))
  checked(@UploadedFile(new ParseFilePipe({ validators: [new MaxFileSizeValidator({ maxSize: 1000 }), new FileTypeValidator({ fileType: 'text/plain', skipMagicNumbersValidation: true })] })) file: Express.Multer.File): object {
    return described(file);
  }
}
