// Drives an MCP server with the protocol's own client and prints what it saw as JSON:
// node client.mjs COMMAND ARGUMENT… , or node client.mjs URL KEY
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "test", version: "1" });
await client.connect(command.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(command), { requestInit: { headers: { Authorization: `Bearer ${args[0]}` } } })
  : new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" }));
const { tools } = await client.listTools();
const call = async (name, input) => {
  try {
    const { content, isError } = await client.callTool({ name, arguments: input });
    return { text: content[0].text, isError: isError ?? false };
  } catch (error) {
    return { refused: error.message };
  }
};
console.log(JSON.stringify({
  server: client.getServerVersion().name,
  tools: tools.map((t) => t.name),
  schema: tools[0].inputSchema,
  sum: await call("Calculator", { input: "400 / 1400" }),
  day: await call("Calendar", {}),
  bad: await call("Calculator", { input: "one plus" }),
  unknown: await call("Calculater", { input: "1" }),
  wrong: await call("Calculator", { inputs: "1" }),
}));
await client.close();
