// The shop's script, as it grew.
var cart = [];

function openCart() {
  alert("Your cart holds " + cart.length + " bags.");
}

function add(coffee) {
  cart.push(coffee);
  document.getElementsByClassName("cart")[0].innerHTML = "Cart (" + cart.length + ")";
}

document.addEventListener("DOMContentLoaded", function () {
  var links = document.getElementsByClassName("buy");
  for (var i = 0; i < links.length; i++) {
    links[i].onclick = function (event) {
      event.preventDefault();
      add(this.href);
    };
  }
});
