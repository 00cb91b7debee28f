// An ext4 file system of the bench's own in a sparse image file. What other programs on the machine delete makes the
// allocator of a shared ext4 slow for minutes, and unevenly so; a file system that nobody else uses does not know it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

/** Mounts it on `folder`; the function that unmounts it again is returned. Needs root and Linux. */
export function mountPrivateFs(folder) {
  const image = `${folder}.img`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(image, '');
  truncateSync(image, 40 * 2 ** 30);
  run('mkfs.ext4', ['-q', '-F', image]);
  run('mount', ['-o', 'loop,noatime', image, folder]);
  return () => {
    run('umount', [folder]);
    rmSync(image);
  };
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(`--private-fs: ${command} failed: ${result.error ?? result.stderr}`);
}
