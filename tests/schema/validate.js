// validate.js SCHEMA FILE...: every FILE (YAML) must hold under SCHEMA; exit 1 and say where when one does not.
const fs = require('fs');
const Ajv = require('ajv');
const YAML = require('yaml');

const [schemaPath, ...files] = process.argv.slice(2);
const ajv = new Ajv({ allErrors: true, strict: false });
const validate = ajv.compile(JSON.parse(fs.readFileSync(schemaPath, 'utf8')));
let failed = 0;
for (const file of files) {
  if (validate(YAML.parse(fs.readFileSync(file, 'utf8')))) continue;
  failed++;
  for (const e of validate.errors.slice(0, 5)) console.log(`${file}: ${e.instancePath || '/'} ${e.message}`);
}
process.exit(failed ? 1 : 0);
