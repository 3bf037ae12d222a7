import "./stacks/lean-sdk.ts";
import { readSiteFile } from "./stacks/site-file.ts";
import { deploySite } from "./stacks/site.ts";

const { name, config } = readSiteFile();

// One object, because what a site does not have is no output of its stack: an export without a value is warned of.
export default await deploySite(name, config);
