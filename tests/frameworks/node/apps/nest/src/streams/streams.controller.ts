import { createReadStream } from 'node:fs';
import { Controller, Get, Header, type MessageEvent, Sse, StreamableFile } from '@nestjs/common';
import { finalize, interval, map, type Observable } from 'rxjs';

@Controller('streams')
export class StreamsController {
  @Sse('events')
  events(): Observable<MessageEvent> {
    return interval(10).pipe(
      map((id) => ({ id: String(id), type: 'tick', data: { tick: id } })),
      finalize(() => console.log('the reader of events has left')),
    );
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(createReadStream(new URL('../../numbers.txt', import.meta.url)), { type: 'text/plain', disposition: 'attachment; filename="numbers.txt"' });
  }

  @Get('buffer')
  @Header('Cache-Control', 'no-store')
  buffer(): StreamableFile {
    return new StreamableFile(Buffer.alloc(1_000_000, 'x'));
  }
}
