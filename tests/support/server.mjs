// An upstream on node's own HTTP server: writes each whole request to a file as a line of JSON, answers "ok".
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const [port, log] = process.argv.slice(2);

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const headers = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      headers.push([request.rawHeaders[i].toLowerCase(), request.rawHeaders[i + 1]]);
    }
    const body = Buffer.concat(parts).toString("latin1");
    appendFileSync(log, JSON.stringify({ method: request.method, target: request.url, headers, body }) + "\n");
    response.end("ok");
  });
  request.on("error", () => {});
});
server.listen(Number(port), "127.0.0.1");
