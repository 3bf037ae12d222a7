import { guarded, json, type Answer, type WebError, type WebRequest } from "../web/exchange.ts";
import type { WebService } from "../web/server.ts";
import { ApiError } from "./api-error.ts";
import { Parameters } from "./parameters.ts";
import type { Call, Route } from "./route.ts";
import { permit, type Caller, type Tokens } from "./tokens.ts";

/** Largest body of a call: an uploaded image. */
const bodyLimit = 2 * 1024 ** 3;

/** The API of one node: over TLS 1.3 and nothing older, JSON answers below `/api2/json`. */
export function proxmoxWeb(node: string, routes: readonly Route[], tokens: Tokens): WebService {
  return {
    name: "proxmox",
    minVersion: "TLSv1.3",
    bodyLimit,
    address: (path) => ({ host: node, path }),
    routes: guarded<Caller>(
      ({ headers }) => tokens.caller(headers.authorization),
      routes.map((route) => ({
        method: route.method === "GET" ? ["GET", "HEAD"] : route.method,
        url: `/api2/json/${route.path}`,
        handle: (request, caller) => serve(route, request, caller),
      })),
    ),
    notFound: ({ method, path }) =>
      new ApiError(501, `Method '${method} ${path.replace("/api2/json", "")}' not implemented`),
    answerError,
  };
}

async function serve(route: Route, request: WebRequest, caller: Caller): Promise<Answer> {
  permit(route, request.parts, caller);
  const { parameters, upload } = await readParameters(request);
  parameters.check(route.parameters);
  const data = await route.handle({ parts: request.parts, parameters, ...caller, upload });
  return answer({ data: data === undefined ? null : data });
}

async function readParameters({
  query,
  body,
  headers,
}: WebRequest): Promise<Pick<Call, "parameters" | "upload">> {
  const type = headers["content-type"] ?? "";
  if (body.length === 0) return { parameters: new Parameters([query]) };
  if (type.startsWith("multipart/form-data")) return readUpload(query, body, type);
  if (type.startsWith("application/x-www-form-urlencoded"))
    return { parameters: new Parameters([query, new URLSearchParams(body.toString("utf8"))]) };
  throw new ApiError(415, `the lab reads forms only, not '${type}'`);
}

async function readUpload(
  query: URLSearchParams,
  body: Buffer,
  type: string,
): Promise<Pick<Call, "parameters" | "upload">> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": type },
  }).formData();
  const fields = new URLSearchParams();
  let upload: Call["upload"];
  for (const [name, value] of form)
    if (typeof value === "string") fields.append(name, value);
    else upload = { name: value.name, body: Buffer.from(await value.arrayBuffer()) };
  return { parameters: new Parameters([query, fields]), upload };
}

/** Proxmox puts the error's text into the status line; its clients look for it there. */
function answerError(error: WebError): Answer {
  const { message } = error;
  const errors = error instanceof ApiError &&
    error.errors !== undefined && { errors: error.errors };
  return answer(
    { data: null, message: `${message}\n`, ...errors },
    message.replaceAll(/[^\x20-\x7e]+/g, " "),
  );
}

function answer(content: object, reason?: string): Answer {
  const headers = { "content-type": "application/json;charset=UTF-8" };
  return json(content, { headers, ...(reason !== undefined && { reason }) });
}
