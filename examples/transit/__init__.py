"""Transit times of transport orders: the worked example, which the demo and the project's tests run on."""
