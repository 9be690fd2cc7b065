/* Comfort only: everything works without this file, and nothing here asks the network. */
(function () {
  "use strict";

  // Two minutes before a page with a form closes, a line says so where the eye is.
  var closes = document.querySelector("[data-closes-in]");
  if (closes) {
    var warn = Number(closes.getAttribute("data-closes-in")) - 120;
    setTimeout(function () {
      var line = document.createElement("p");
      line.className = "closing";
      line.setAttribute("role", "alert");
      line.textContent = "This page closes in 2 minutes. Save what you have typed.";
      closes.parentNode.appendChild(line);
    }, Math.max(warn, 0) * 1000);
  }

  function button(text) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = "button secondary small";
    made.textContent = text;
    return made;
  }

  // A password can be looked at by the person who typed it.
  document.querySelectorAll("input[type=password]").forEach(function (field) {
    var show = button("Show");
    var what = document.createElement("span");
    what.className = "hidden";
    what.textContent = " " + field.labels[0].textContent.toLowerCase();
    show.appendChild(what);
    show.addEventListener("click", function () {
      var hidden = field.type === "password";
      field.type = hidden ? "text" : "password";
      show.firstChild.data = hidden ? "Hide" : "Show";
    });
    field.form.addEventListener("submit", function () {
      field.type = "password";
    });
    field.insertAdjacentElement("afterend", show);
  });

  // A lead shares out many calls: a press ticks five more, from the top.
  document.querySelectorAll("fieldset").forEach(function (group) {
    var boxes = group.querySelectorAll("input[type=checkbox]");
    if (boxes.length > 5) {
      var more = button("Select 5 more");
      more.addEventListener("click", function () {
        Array.prototype.filter.call(boxes, function (box) {
          return !box.checked;
        }).slice(0, 5).forEach(function (box) {
          box.checked = true;
        });
      });
      group.querySelector("legend").insertAdjacentElement("afterend", more);
    }
  });

  // Text for the OH record goes to the clipboard with one key.
  document.querySelectorAll("textarea[readonly]").forEach(function (area) {
    var copy = button("Copy");
    copy.setAttribute("aria-live", "polite");
    copy.addEventListener("click", function () {
      area.select();
      copy.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl and C";
    });
    area.insertAdjacentElement("afterend", copy);
  });
}());
