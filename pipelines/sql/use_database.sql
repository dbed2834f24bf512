USE {{ database | ident }}
