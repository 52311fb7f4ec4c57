// Does what the compiler leaves undone in dist.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

removeLeftovers();
copyAsIs('proto/tailnet.proto');
for (const file of readdirSync('src/gateways/debug/page')) copyAsIs(`gateways/debug/page/${file}`);
makeExecutable('cli/main.js');

/** Files compiled from sources that are gone; they would be packed and published. */
function removeLeftovers() {
  for (const file of readdirSync('dist', { recursive: true })) {
    const [, name] = /^(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file) ?? [];
    if (name && !existsSync(join('src', `${name}.ts`)) && !existsSync(join('src', file))) rmSync(join('dist', file));
  }
}

/** What is read or shipped as it is. */
function copyAsIs(file) {
  mkdirSync(dirname(join('dist', file)), { recursive: true });
  copyFileSync(join('src', file), join('dist', file));
}

/** What npm links as a command. */
function makeExecutable(file) {
  if (existsSync(join('dist', file))) chmodSync(join('dist', file), 0o755);
}
