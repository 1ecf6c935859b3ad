// Every test of the verifiers is quick: they need nothing but bytes.
[assembly: Trait("Speed", "quick")]
