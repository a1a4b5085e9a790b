// Adds a button to each picture that draws the same specification interactively.
// What draws it weighs nearly a megabyte and is loaded only when the button is used.
"use strict";

const LIBRARY = "/static/vega.js";

let library = null;

function loaded() {
  library ??= import(LIBRARY).then(() => window.vegaEmbed);
  return library;
}

async function explore(figure, button) {
  button.disabled = true;
  button.textContent = "loading";
  const drawn = figure.querySelector(".drawn");
  try {
    const [embed, answer] = await Promise.all([loaded(), fetch(figure.dataset.spec)]);
    if (!answer.ok) {
      throw new Error(`the site answered ${answer.status}`);
    }
    const place = document.createElement("div");
    place.className = "interactive";
    const spec = tooltipped(await answer.json());
    // No eval, and no style or script inline: the page's content security policy allows neither.
    await embed(place, spec, {
      ast: true,
      actions: false,
      defaultStyle: false,
      renderer: "canvas",
      tooltip: { disableDefaultStyle: true },
    });
    drawn.replaceChildren(place);
    button.remove();
  } catch (error) {
    button.disabled = false;
    button.textContent = "explore";
    drawn.title = `Cannot draw it: ${error.message}`;
  }
}

/** The specification with what each mark stands for shown under the pointer. */
function tooltipped(spec) {
  const config = spec.config ?? {};
  const mark = { ...config.mark, tooltip: { content: "data" } };
  return { ...spec, config: { ...config, mark } };
}

for (const figure of document.querySelectorAll("figure[data-spec]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "explore";
  button.addEventListener("click", () => explore(figure, button));
  figure.querySelector("figcaption").prepend(button);
}
