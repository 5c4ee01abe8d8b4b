import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

const yoga = createYoga({
  logging: 'error',
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      scalar File
      type Query { hello(name: String): String!, fails: String, agent: String }
      type Mutation { upload(file: File!): Int! }
      type Subscription { ticks(to: Int!): Int! }
    `,
    resolvers: {
      Query: {
        hello: (_parent, { name }) => `Hello ${name ?? 'world'}!`,
        fails: () => {
          throw new Error('thrown in a resolver');
        },
        agent: (_parent, _args, { request }) => request.headers.get('user-agent'),
      },
      Mutation: { upload: async (_parent, { file }) => (await file.text()).length },
      Subscription: {
        ticks: {
          async *subscribe(_parent, { to }) {
            for (let ticks = 1; ticks <= to; ticks++) yield { ticks };
          },
        },
      },
    },
  }),
});
const server = createServer(yoga);
server.listen(process.env.PORT ?? 3000, process.env.HOST, () => console.log(`listening on http://localhost:${server.address().port}/graphql`));
