"""Text on a terminal of any width: no word, and so no cell id and no name of a method, is ever broken over two lines."""
