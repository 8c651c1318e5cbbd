"""sprig v3.3.0's functions, those of HermeticTxtFuncMap: the same arguments always give the same result."""
