// Copies what the compiler leaves behind: files that are read or shipped as they are.
import { copyFileSync } from 'node:fs';

copyFileSync('src/proto/tailnet.proto', 'dist/proto/tailnet.proto');
