'use strict';
// Mounted services: their applications see the path below the prefix.

/**
 * The request target below the prefix the service is mounted at.
 * @param {import('./head.cjs').RequestHead} head
 * @returns {string}
 */
function below_mount(head) {
  const { target, path_start, mount_length } = head;
  const rest = target.slice(path_start + mount_length);
  return target.slice(0, path_start) + (rest.startsWith('/') ? rest : `/${rest}`);
}

module.exports = { below_mount };
