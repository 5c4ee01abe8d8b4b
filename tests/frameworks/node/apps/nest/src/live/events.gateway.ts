import { MessageBody, type OnGatewayDisconnect, SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import { from, map, type Observable } from 'rxjs';

/** Shares the port of the HTTP server. */
@WebSocketGateway()
export class EventsGateway implements OnGatewayDisconnect {
  @SubscribeMessage('count')
  count(@MessageBody() upTo: number): Observable<WsResponse<number>> {
    return from(Array.from({ length: upTo }, (_, at) => at + 1)).pipe(map((data) => ({ event: 'counted', data })));
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown): WsResponse<unknown> {
    return { event: 'echoed', data };
  }

  handleDisconnect(): void {
    console.log('a visitor has left');
  }
}
