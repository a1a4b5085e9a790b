// Puts the token of a private link, which stands in the address's fragment and was never sent, into the form's fields.
"use strict";

const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  for (const field of document.querySelectorAll("[data-token]")) {
    field.value = token;
  }
}
