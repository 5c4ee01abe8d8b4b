// Visits the server at the address that is given, and prints what came of it.
import { visit } from "./out/page.js";

console.log(JSON.stringify(await visit(process.argv[2])));
