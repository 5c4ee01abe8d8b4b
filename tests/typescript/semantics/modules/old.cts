const dir: string = __dirname;
export = { kind: 'cts', has_dir: dir.length > 0, is_main: require.main === module };
