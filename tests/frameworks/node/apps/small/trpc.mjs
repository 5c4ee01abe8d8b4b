import { initTRPC, TRPCError } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { z } from 'zod';

const t = initTRPC.context().create();
const shelf = ['Emma'];
const router = t.router({
  all: t.procedure.query(() => shelf),
  hello: t.procedure.input(z.object({ name: z.string() })).query(({ input, ctx }) => `Hello ${input.name}, ${ctx.visitor}!`),
  add: t.procedure.input(z.string().min(1)).mutation(({ input }) => ({ added: input })),
  fails: t.procedure.query(() => {
    throw new TRPCError({ code: 'CONFLICT', message: 'taken' });
  }),
  words: t.procedure.query(async function* () {
    for (const word of ['one', 'two', 'three']) yield word;
  }),
  ticks: t.procedure.subscription(async function* ({ signal }) {
    try {
      for (let tick = 1; !signal.aborted; tick++) {
        yield tick;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      console.log('the subscriber has left');
    }
  }),
});
const server = createHTTPServer({ router, createContext: ({ req }) => ({ visitor: req.headers['x-visitor'] ?? 'nobody' }) });
server.listen(Number(process.env.PORT ?? 3000), process.env.HOST, () => console.log(`listening on http://localhost:${server.address().port}`));
