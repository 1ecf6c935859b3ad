// A real SMTP server on loopback, by the makers of Nodemailer. The first line of standard input is { key?, cert?, user?,
// password?, down?, replies?, repeats? }; with a certificate it demands STARTTLS and a login, without one it takes mail in
// the clear. Of replies, [code, text], each recipient is told one until there are no more; with repeats every mail is
// refused with its own text. It writes { port } and then a line for each mail. Further lines: "up" starts to listen. It
// ends with its input.

import { createInterface } from "node:readline";
import { SMTPServer } from "smtp-server";
import { output } from "./lib/io.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { key, cert, user, password, down, replies = [], repeats } = JSON.parse((await lines.next()).value);

const refusal = (responseCode, text) => Object.assign(new Error(text), { responseCode });

let mails = 0;
const createServer = () => new SMTPServer({
  ...(cert ? { key, cert } : { authOptional: true, hideSTARTTLS: true, disabledCommands: ["AUTH"] }),
  onAuth({ username, password: given }, session, done) {
    if (!session.secure || username !== user || given !== password) return done(new Error("Invalid username or password"));
    done(null, { user: username });
  },
  onRcptTo(_, session, done) {
    const [code, text] = replies.shift() ?? [];
    done(code ? refusal(code, text) : null);
  },
  async onData(stream, session, done) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    if (repeats) return done(refusal(554, `5.7.1 Looks like spam: ${Buffer.concat(chunks).toString().replace(/\s+/g, " ")}`));
    output({
      mail: ++mails,
      ehlo: session.hostNameAppearsAs,
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
