"use strict";
// τ_f as a slider: counts come from the bins of a tenth of a nat that the page holds.
const bins = JSON.parse(document.getElementById("bins").textContent);
const number = new Intl.NumberFormat("en-US");
for (const input of document.querySelectorAll("input[data-tool]")) {
  const data = bins[Number(input.dataset.tool)];
  const article = input.closest("article");
  const svg = article.querySelector("svg[data-left]");
  const line = svg.querySelector(".threshold");
  const output = article.querySelector("output");
  const show = () => {
    const tenth = Math.round(Number(input.value) * 10);
    let calls = 0, texts = 0;
    data.calls.forEach((n, i) => { if (data.from + i >= tenth) { calls += n; texts += data.texts[i]; } });
    for (const bar of svg.querySelectorAll(".bar"))
      bar.classList.toggle("kept", Number(bar.dataset.tenth) >= tenth);
    const x = Number(svg.dataset.left) + (tenth - Number(input.min) * 10) * Number(svg.dataset.bar);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    const value = (tenth / 10).toFixed(1);
    input.setAttribute("aria-valuetext", value + " nats");
    output.textContent = "τ_f = " + value + " keeps " + number.format(calls) + " of " + number.format(data.scored)
      + " scored calls, in " + number.format(texts) + " texts.";
  };
  input.addEventListener("input", show);
}
