import { mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerLine } from '../../client/decide-lines.ts';
import { parseSpec, readSpecFile } from '../../client/spec-file.ts';
import { checkClassNames } from '../../data/class-names.ts';
import { readListing } from '../../data/listing.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { createVisionClient } from '../../vision/client.ts';
import { createVisionService } from '../../vision-service/server.ts';
import { picture } from '../support/images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let root: string;
let outside: string;

beforeAll(async () => {
  root = await temporaryFolder();
  outside = join(root, 'private/passport.png');
  await mkdir(join(root, 'handed-in/inside'), { recursive: true });
  await mkdir(join(root, 'private'));
  await writeFile(outside, await picture('red', 1));
  await writeFile(join(root, 'handed-in/inside/a.png'), await picture('red', 2));
  await symlink(outside, join(root, 'handed-in/link.png'));
  await symlink(join(root, 'private'), join(root, 'handed-in/folder-link'));
});

/** A file without content of that many bytes, which takes no room. */
async function huge(name: string, bytes: number): Promise<string> {
  const path = join(root, name);
  await using file = await open(path, 'w');
  await file.truncate(bytes);
  return path;
}

async function cocoFile(text: string): Promise<string> {
  const path = join(root, 'handed-in/coco.json');
  await writeFile(path, text);
  return path;
}

function cocoOf(images: object[]): string {
  const annotations = images.map((_, at) => ({ id: at + 1, image_id: at + 1, category_id: 1 }));
  const all = { images: images.map((image, at) => ({ id: at + 1, ...image })), annotations };
  return JSON.stringify({ ...all, categories: [{ id: 1, name: 'cat' }] });
}

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('a COCO file from somebody', () => {
  it('names only images in its own folder, however it spells them', async () => {
    const images = [
      { file_name: 'inside/a.png' },
      { file_name: '../private/passport.png' },
      { file_name: 'inside/../../private/passport.png' },
      { file_name: outside },
      { coco_url: pathToFileURL(outside).href },
      { absolute_url: `file://${root}/handed-in/%2e%2e/private/passport.png` },
      { file_name: 'link.png' },
      { file_name: 'folder-link/passport.png' },
    ];
    const { items, findings } = await readListing(await cocoFile(cocoOf(images)));
    expect(items.map(({ name }) => name)).toEqual(['inside/a.png']);
    expect(findings.map(({ code }) => code)).toEqual(Array(7).fill('image-outside'));
    expect(findings[0]?.message).toContain(`outside the COCO file’s folder ${join(root, 'handed-in')}`);
  });

  it.each([
    ['nested without end', nested(300_000), 'is nested more than 100 levels deep'],
    ['with __proto__ at its top', '{"__proto__": {"images": []}}', 'has the key __proto__, which is never taken'],
    ['with __proto__ in an image', cocoOf([{ file_name: 'a', x: 1 }]).replace('"x"', '"__proto__"'), 'key __proto__'],
    ['that is no JSON', '{', 'is not JSON'],
  ])('%s is refused in a sentence', async (_what, text, why) => {
    await expect(readListing(await cocoFile(text))).rejects.toThrow(why);
    expect(({} as { images?: unknown }).images).toBeUndefined();
  });

  it('is not read when it is larger than any dataset', async () => {
    const path = await huge('huge.json', 2_000_000_000);
    await expect(readListing(path)).rejects.toThrow('has 2000.0 MB; at most 400 MB are read');
  });
});

describe('class names', () => {
  it('are none that every object has', () => {
    const findings = checkClassNames(['cat', 'constructor', '__proto__', 'toString']);
    expect(findings.map(({ code, where }) => [code, where])).toEqual([
      ['class-reserved', 'constructor'],
      ['class-reserved', '__proto__'],
      ['class-reserved', 'toString'],
    ]);
  });
});

describe('very many class names, or very long ones,', () => {
  it('keep nobody waiting: they are not compared one by one', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => `class number ${at}`);
    expect(checkClassNames([...many, 'class number 7', 'constructor']).map(({ code }) => code)).toEqual([
      'class-duplicate',
      'class-reserved',
    ]);
    const long = 'x'.repeat(5_000_000);
    const told = checkClassNames([`${long}a`, `${long}b`]);
    expect(told.map(({ code }) => code)).toEqual(['class-long', 'class-long']);
    expect(told[0]?.message).toContain('has 5000001 characters; at most 128 are taken');
    expect(JSON.stringify(told).length).toBeLessThan(1000);
  });

  it('are compared where people read them', () => {
    const codes = checkClassNames(['traffic light', 'trafic lights', 'bus', 'buses', 'Cat', 'cat']).map(
      ({ code }) => code,
    );
    expect(codes).toEqual(['class-names-alike', 'class-names-alike']);
  });
});

describe('a file of a loop’s folder that was imported', () => {
  it.each([
    ['{"__proto__": {"images": 1}}', 'spec.json has the key __proto__, which is never taken'],
    [nested(100_000), 'spec.json is nested more than 100 levels deep'],
    ['{', 'spec.json is not JSON'],
  ])('is refused: %.20s', async (text, why) => {
    const folder = LoopFolder.at(root, 'imported');
    await folder.create();
    await writeFile(join(folder.path, 'spec.json'), text);
    await expect(folder.readJson('spec.json')).rejects.toThrow(why);
  });
});

describe('a spec file', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('')].map((line, at) =>
    at === 0
      ? line
      : `${line}: &${line} [${Array(9)
          .fill(`*${'abcdefghi'[at - 1]}`)
          .join(',')}]`,
  );

  it.each([
    ['whose aliases multiply', bomb.join('\n'), 'has aliases that multiply without end'],
    ['nested without end', nested(50_000), 'nested'],
    ['nested deep', nested(200), 'is nested more than 100 levels deep'],
    ['with __proto__', '__proto__: {target: 0.1}\nname: a', 'has the key __proto__'],
    ['with __proto__ further down, in JSON', '{"name": "a", "caps": {"__proto__": {}}}', 'has the key __proto__'],
    ['with constructor', 'constructor: {}\nname: a', 'constructor: unknown key'],
    ['with a class of that name', 'name: a\nclasses: [constructor, b]', 'programs keep for themselves'],
  ])('%s is refused before anything is made of it', (_what, text, why) => {
    expect(() => parseSpec(text, 'loop.yaml')).toThrow(why);
  });

  it('is not read when it is larger than any spec', async () => {
    const path = await huge('huge.yaml', 1_000_001);
    await expect(readSpecFile(path)).rejects.toThrow('has 1000001 bytes; a spec may have 1000000');
  });
});

describe('a line for decide', () => {
  it.each([
    [nested(10_000), 'is nested more than 100 levels deep'],
    ['{"history": [], "settings": {"__proto__": {"target": 1}}}', 'has the key __proto__'],
  ])('is refused: %.30s', (line, why) => {
    const answer = answerLine(line, 7, () => {
      throw new Error('it must not come this far');
    });
    expect(answer).toEqual({ error: { line: 7, problems: [{ path: '', message: expect.stringContaining(why) }] } });
  });
});

describe('an answer of a vision service', () => {
  const client = (body: string | ReadableStream) =>
    createVisionClient({ baseUrl: 'http://service.example', key: 'k', fetch: async () => new Response(body) });

  it.each([
    [`{"name": ${nested(100_000)}}`, 'is nested more than 100 levels deep'],
    ['{"name": "a", "__proto__": {"status": "succeeded"}}', 'has the key __proto__'],
  ])('that is hostile does not fit the contract: %.30s', async (body, why) => {
    await expect(client(body).getModel('a')).rejects.toThrow(why);
  });

  it('without end is given up', async () => {
    const megabyte = new Uint8Array(1_000_000);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(megabyte) });
    await expect(client(endless).getModel('a')).rejects.toThrow('brought no whole answer (ANSWER_TOO_LARGE)');
  });
});

describe('the vision service', () => {
  it('takes names that every object has for what they are: words of the caller', async () => {
    const settings = { home: root, key: 'a key for tests', backbone: 'classical', port: 0, threads: 1 };
    const log = pino({ level: 'silent' });
    const service = await createVisionService({ ...settings, log, allowedRoots: [root] });
    const put = (body: string) =>
      fetch(`${service.url}/computervision/datasets/proto?api-version=2023-04-01-preview`, {
        method: 'PUT',
        headers: { 'ocp-apim-subscription-key': settings.key, 'content-type': 'application/json' },
        body,
      });
    const uris = `"annotationFileUris": ["${pathToFileURL(join(root, 'coco.json')).href}"]`;
    const rest = `"annotationKind": "imageClassification", ${uris}`;
    await put(`{${rest}, "__proto__": {"polluted": 1}, "customProperties": {"__proto__": "x", "constructor": "y"}}`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await put(`{"constructor": {"prototype": {"polluted": 1}}}`)).status).toBe(400);
    await service.close();
  });
});
