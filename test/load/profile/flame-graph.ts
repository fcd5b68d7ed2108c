import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { CpuProfile } from './cpu-profile.ts';

/**
 * A page that shows a profile as flame graphs, over time and summed up, in a file that needs no other and no network:
 * speedscope with the profile inside. Its own command puts the profile into a folder for temporary files and opens a
 * browser, which a server has not got.
 */
export function flameGraph(name: string, profile: CpuProfile): string {
  const release = path.join(
    path.dirname(createRequire(import.meta.url).resolve('speedscope/package.json')),
    'dist/release',
  );
  const contentOf = (beginning: string, extension: string) => {
    const file = readdirSync(release).find((one) => one.startsWith(beginning) && one.endsWith(extension));
    if (file === undefined) throw new Error(`speedscope has no ${beginning}*${extension}.`);
    return readFileSync(path.join(release, file), 'utf8');
  };
  const encoded = Buffer.from(JSON.stringify(profile)).toString('base64');
  // With a path in the address, speedscope makes itself ready to be handed a profile by another script.
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${name}</title><style>${contentOf('speedscope-', '.css')}</style></head>
<body>
<script>location.hash = 'localProfilePath=embedded&view=left-heavy&title=${name}'</script>
<script>${contentOf('speedscope-', '.js')}</script>
<script>speedscope.loadFileFromBase64('${name}.cpuprofile', '${encoded}')</script>
</body>
</html>
`;
}
