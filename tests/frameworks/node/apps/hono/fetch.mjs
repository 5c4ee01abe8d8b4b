import { app } from './app.mjs';

export default app;
