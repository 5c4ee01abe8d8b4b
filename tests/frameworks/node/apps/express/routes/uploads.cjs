'use strict';
// Files by multer: in memory and on disk, with limits.

const { readdir, readFile } = require('node:fs/promises');
const multer = require('multer');

const FOLDER = process.env.UPLOADS;

function described({ fieldname, originalname, mimetype, size, buffer }) {
  return { fieldname, originalname, mimetype, size, ...(buffer && { start: buffer.subarray(0, 20).toString() }) };
}

module.exports = (express) => {
  const router = express.Router();
  const memory = multer({ limits: { fileSize: 100_000, files: 3, fields: 4 } });
  const disk = multer({
    storage: multer.diskStorage({ destination: FOLDER, filename: (_request, file, done) => done(null, `kept-${file.originalname}`) }),
    fileFilter: (_request, file, done) => done(null, !file.originalname.endsWith('.exe')),
  });

  router.post('/one', memory.single('file'), (request, response) => response.json({ file: described(request.file), fields: request.body }));
  router.post('/many', memory.array('files', 2), (request, response) => response.json(request.files.map(described)));
  router.post('/fields', memory.fields([{ name: 'cover' }, { name: 'pages' }]), (request, response) => {
    response.json(Object.fromEntries(Object.entries(request.files).map(([name, files]) => [name, files.map(described)])));
  });
  router.post('/none', memory.none(), (request, response) => response.json(request.body));
  router.post('/kept', disk.any(), async (request, response) => {
    const files = await Promise.all(request.files.map(async ({ path, ...file }) => ({ ...described(file), bytes: (await readFile(path)).length })));
    response.json(files);
  });
  router.post('/watched', (request, response, next) => {
    request.on('aborted', () => console.log('an upload was broken off'));
    memory.single('file')(request, response, (error) => {
      if (error) console.log(`multer says: ${error.message}`);
      next(error);
    });
  });
  router.get('/kept', async (_request, response) => response.json((await readdir(FOLDER)).sort()));
  return router;
};
