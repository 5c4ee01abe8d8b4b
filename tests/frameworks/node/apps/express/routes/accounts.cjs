'use strict';
// Sessions in files, and who is signed in by passport. A cookie of its own (cookie-session) for what needs no store.

const cookieSession = require('cookie-session');
const session = require('express-session');
const { Passport } = require('passport');
const { Strategy } = require('passport-local');
const FileStore = require('session-file-store')(session);

const USERS = [{ id: 7, name: 'ada', password: 'lovelace' }];

module.exports = (express) => {
  const passport = new Passport();
  passport.use(
    new Strategy((name, password, done) => {
      const user = USERS.find((one) => one.name === name);
      if (!user) return done(null, false, { message: 'nobody of that name' });
      return user.password === password ? done(null, user) : done(null, false, { message: 'wrong password' });
    }),
  );
  passport.serializeUser((user, done) => done(null, user.id));
  passport.deserializeUser((id, done) => done(null, USERS.find((user) => user.id === id) ?? false));

  const router = express.Router();
  router.get('/light', cookieSession({ name: 'light', keys: ['one', 'two'] }), (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json({ visits: request.session.visits });
  });
  router.get('/cookies', (request, response) => {
    response.cookie('plain', 'a b;c', { maxAge: 60_000, path: '/accounts', sameSite: 'lax' });
    response.cookie('signed', 'mine', { signed: true, httpOnly: true });
    response.clearCookie('old');
    response.json({ cookies: request.cookies, signed: request.signedCookies });
  });

  router.use(
    session({
      secret: 'another secret',
      resave: false,
      saveUninitialized: false,
      store: new FileStore({ path: process.env.SESSIONS, retries: 0, logFn: () => {}, reapInterval: -1 }),
      cookie: { maxAge: 3_600_000 },
    }),
  );
  router.use(passport.initialize(), passport.session());
  router.get('/basket', (request, response) => response.json(request.session.basket ?? []));
  router.post('/basket/:what', (request, response) => {
    request.session.basket = [...(request.session.basket ?? []), request.params.what];
    response.redirect(303, '/accounts/basket');
  });
  router.delete('/basket', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.clearCookie('connect.sid').sendStatus(204)));
  });
  router.post('/login', express.urlencoded({ extended: false }), (request, response, next) => {
    passport.authenticate('local', (error, user, info) => {
      if (error) return next(error);
      if (!user) return response.status(401).json(info);
      return request.logIn(user, (failed) => (failed ? next(failed) : response.json({ welcome: user.name })));
    })(request, response, next);
  });
  router.post(
    '/login/form',
    express.urlencoded({ extended: false }),
    passport.authenticate('local', { successRedirect: '/accounts/me', failureRedirect: '/accounts/failed' }),
  );
  router.get('/me', (request, response) => {
    if (!request.isAuthenticated()) return response.sendStatus(401);
    return response.json({ name: request.user.name });
  });
  router.post('/logout', (request, response, next) => request.logout((error) => (error ? next(error) : response.redirect('/accounts/me'))));
  return router;
};
