// Hono as its module exports it.
import { app } from './hono_app.mjs';

export default app;
