// A real SMTP server on loopback, by the makers of Nodemailer. The first line of standard input is { key?, cert?, user?,
// password?, down? }; with a certificate it demands STARTTLS and a login, without one it takes mail in the clear. It
// writes { port } and then a line for each mail. Further lines: "up" starts to listen. It ends with its input.

import { createInterface } from "node:readline";
import { SMTPServer } from "smtp-server";
import { output } from "./lib/io.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { key, cert, user, password, down } = JSON.parse((await lines.next()).value);

let mails = 0;
const createServer = () => new SMTPServer({
  ...(cert ? { key, cert } : { authOptional: true, hideSTARTTLS: true, disabledCommands: ["AUTH"] }),
  onAuth({ username, password: given }, session, done) {
    if (!session.secure || username !== user || given !== password) return done(new Error("Invalid username or password"));
    done(null, { user: username });
  },
  async onData(stream, session, done) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    output({
      mail: ++mails,
      from: session.envelope.mailFrom.address,
      to: session.envelope.rcptTo.map(({ address }) => address),
      secure: session.secure,
      user: session.user,
      message: Buffer.concat(chunks).toString("base64"),
    });
    done();
  },
});

const listen = (server, port) => new Promise((resolve, reject) => {
  server.on("error", (error) => output({ failed: error.message }));
  server.server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
});

let server = createServer();
await listen(server, 0);
const { port } = server.server.address();
if (down) await new Promise((resolve) => server.close(resolve));
output({ port });

for await (const line of lines) {
  if (line !== "up") continue;
  server = createServer();
  await listen(server, port);
  output({ up: true });
}
process.exit(0);
