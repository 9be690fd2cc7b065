// node asyncapi.mjs FOLDER_WITH_NODE_MODULES TOP_OF_THE_REPOSITORY, called by asyncapi.sh
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [installed, top] = process.argv.slice(2);
const require = createRequire(join(installed, 'package.json'));
const { Parser, fromFile } = require('@asyncapi/parser');
const Ajv = require('ajv/dist/2020');

const counts = { passed: 0, failed: 0 };

function check(what, ok, why = '') {
  counts[ok ? 'passed' : 'failed'] += 1;
  if (!ok) {
    console.log(`FAILED: ${what}${why ? `: ${why}` : ''}`);
  }
}

function load(...path) {
  return JSON.parse(readFileSync(join(top, ...path), 'utf8'));
}

function realDate(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const ajv = new Ajv({
  strict: false,
  formats: { date: realDate, 'date-time': true },
});
const types = load('schemas', 'events', 'types.json');
const ids = {};

function validator(where) {
  const [file, pointer] = where.split('#');
  if (!ids[file]) {
    const schema = load('schemas', 'events', file);
    ajv.addSchema(schema);
    ids[file] = schema.$id;
  }
  return ajv.getSchema(`${ids[file]}#${pointer}`);
}

async function checkDocument() {
  const path = join(top, 'schemas', 'asyncapi.yaml');
  const { document, diagnostics } = await fromFile(new Parser(), path).parse();
  // 0 is an error, 1 a warning; the rest is advice, such as that a newer AsyncAPI exists
  for (const d of diagnostics.filter((found) => found.severity <= 1)) {
    check(`asyncapi.yaml at ${d.path.join('/')}`, false, d.message);
  }
  check('asyncapi.yaml is read by the parser', document !== undefined);
  if (document) {
    checkChannels(document);
  }
}

function checkChannels(document) {
  const channels = Object.fromEntries(document.channels().all().map((c) => [c.address(), c]));
  const used = ['absence.events.dead-letter', ...new Set(Object.values(types).map((t) => t.topic))];
  check('asyncapi.yaml has the topics, no other',
    Object.keys(channels).sort().join() === used.sort().join());
  for (const [address, channel] of Object.entries(channels)) {
    const listed = channel.messages().all().map((m) => m.name()).sort();
    const expected = Object.keys(types).filter((t) => types[t].topic === address);
    if (address === 'absence.events.dead-letter') {
      expected.push('dead-letter');
    }
    check(`asyncapi.yaml lists the messages of ${address}`,
      listed.join() === expected.sort().join());
    check(`asyncapi.yaml has one operation on ${address}`, channel.operations().length === 1);
    for (const message of channel.messages().all()) {
      checkMessage(address, message);
    }
  }
}

function checkMessage(address, message) {
  const what = `asyncapi.yaml, ${message.name()}`;
  check(`${what}: a kafka key`, message.bindings().get('kafka')?.value().key !== undefined);
  const headers = message.headers()?.json();
  check(`${what}: its headers`, headers !== undefined);
  if (!types[message.name()]) {
    return;
  }
  const example = load('schemas', 'events', 'examples', `${message.name()}.json`);
  const structured = address === 'absence.events';
  const payload = message.payload().json();
  check(`${what}: the example against its payload`,
    ajv.validate(payload.schema, structured ? example : example.data), ajv.errorsText());
  if (!structured) {
    check(`${what}: the example against its headers`,
      ajv.validate(headers, example.headers), ajv.errorsText());
  }
}

function checkExamples() {
  for (const [type, row] of Object.entries(types)) {
    const example = load('schemas', 'events', 'examples', `${type}.json`);
    const validate = validator(row.data);
    check(`example ${type}`, validate(example.data), ajv.errorsText(validate.errors));
  }
}

function messageEvent(message, bytes) {
  const body = JSON.parse(bytes.toString('utf8'));
  if (message.mode === 'structured' || body === null || typeof body !== 'object'
      || Array.isArray(body)) {
    return body;
  }
  const attributes = message.headers
    .filter(([name, value]) => name.startsWith('ce_') && typeof value === 'string')
    .map(([name, value]) => [name.slice(3), value]);
  return { ...Object.fromEntries(attributes), data: body };
}

function checkCorpus() {
  const folder = ['tests', 'data', 'messages'];
  const validate = validator('absence-events.v1.json#');
  for (const message of load(...folder, 'manifest.json')) {
    if (message.schema !== 'cannot-say') {
      const bytes = readFileSync(join(top, ...folder, message.file));
      check(`message ${message.name} is ${message.schema}`,
        validate(messageEvent(message, bytes)) === (message.schema === 'valid'));
    }
  }
}

function checkSettings() {
  const validate = ajv.compile(load('deploy', 'settings', 'pathways.schema.json'));
  check('pathways.json', validate(load('deploy', 'settings', 'pathways.json')),
    ajv.errorsText(validate.errors));
  for (const document of load('tests', 'data', 'settings', 'manifest.json')) {
    if (document.schema !== 'cannot-say') {
      check(`settings ${document.file} is ${document.schema}`,
        validate(load('tests', 'data', 'settings', document.file))
          === (document.schema === 'valid'));
    }
  }
}

await checkDocument();
checkExamples();
checkCorpus();
checkSettings();
console.log(`cases: ${counts.passed} passed, ${counts.failed} failed, 0 skipped`);
process.exit(counts.failed ? 1 : 0);
