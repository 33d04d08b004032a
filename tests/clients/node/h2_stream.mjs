// Asks for a stream over HTTP/2 (prior knowledge) and copies it to standard output; fails where the stream does.
import { connect } from "node:http2";

const [origin, path, body] = process.argv.slice(2);
const session = connect(origin);
const fail = (error) => {
  process.stderr.write(`${error}\n`);
  process.exit(1);
};
session.on("error", fail);
const request = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
request.on("error", fail);
request.on("data", (part) => process.stdout.write(part));
request.on("end", () => session.close());
request.end(body);
