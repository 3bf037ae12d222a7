/** An HTTPS server whose certificate has expired: `expired-server.ts CA-DIRECTORY ADDRESS PORT`. */
import { createServer } from "node:https";
import { openAuthority } from "../../lab/world/authority.ts";

const [directory = "", address = "", port = ""] = process.argv.slice(2);
const authority = await openAuthority(directory);
const yesterday = new Date(Date.now() - 86_400_000);
createServer(await authority.issue([address], yesterday), (_request, response) => {
  response.end("{}");
}).listen(Number(port), address);
