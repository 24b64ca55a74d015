// An MCP server that misbehaves as its tools' names say. One JSON message per line, without any library.
import { createInterface } from "node:readline";

const names = ["good", "bad", "die", "half", "flood", "lines", "hang", "huge", "wrong-id"];
const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
const answer = (id, result) => say({ id, result });
const text = (value, isError = false) => ({ content: [{ type: "text", text: value }], isError });

process.stderr.write(`token ${process.env.TOKEN ?? "none"}, home ${process.env.SECRET_OF_THE_PARENT ?? "unknown"}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize")
    answer(id, {
      protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "hostile", version: "1" },
    });
  else if (method === "tools/list")
    answer(id, { tools: names.map((name) => ({ name, inputSchema: { type: "object", properties: {} } })) });
  else if (method === "tools/call") {
    switch (params.name) {
      case "good": answer(id, text(`still here, ${process.env.TOKEN}, ${process.env.SECRET_OF_THE_PARENT}`)); break;
      case "bad": answer(id, text("it is [broken] -> really", true)); break;
      case "die": process.stderr.write("out of cheese\n"); process.exit(3); break;
      case "half": process.stdout.write(`{"jsonrpc":"2.0","id":${id},"resu`, () => process.exit(0)); break;
      case "flood": for (const x = "x".repeat(1 << 20); ;) if (!process.stdout.write(x))
        await new Promise((go) => process.stdout.once("drain", go)); break;
      case "lines": for (const x = "x".repeat(1 << 20) + "\n"; ;) if (!process.stdout.write(x))
        await new Promise((go) => process.stdout.once("drain", go)); break;
      case "huge": answer(id, text("y".repeat(1 << 20))); break;
      case "wrong-id": answer(9999, text("for somebody else")); process.exit(0); break;
      default: break; // hang: no answer ever comes
    }
  } else if (id !== undefined)
    say({ id, error: { code: -32601, message: "no such method" } });
}
