// Says why the document in a file is no OpenAPI, if it is none.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
console.log(valid ? `valid OpenAPI ${validator.version}` : JSON.stringify(errors, null, 2));
