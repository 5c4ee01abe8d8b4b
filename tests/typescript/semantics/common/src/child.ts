enum Where {
  Here = 'child',
}
process.send!(Where.Here);
process.disconnect();
